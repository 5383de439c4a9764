"""What an obedient agent of an attacker still cannot do: stories of real boxes."""
