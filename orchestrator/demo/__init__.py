"""The whole organization at work on an embedded GitHub, with scripted engineers: for a first look, and as a proof."""
