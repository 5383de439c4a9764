#!/bin/sh
# The bare git commands that one task needs: checkout from the mirror, commit, push.
# Usage: bare_git.sh MIRROR URL TASKS SCRATCH   (the token is passed as git configuration in the environment)
set -eu
mirror=$1 url=$2 tasks=$3 scratch=$4
n=0
while [ "$n" -lt "$tasks" ]; do
  n=$((n + 1))
  git --git-dir="$mirror" worktree add -q -b "bare/$n" "$scratch/$n" main
  echo "$n" > "$scratch/$n/new-$n.txt"
  git -C "$scratch/$n" add -A
  git -C "$scratch/$n" -c user.name=bare -c user.email=bare@localhost commit -q -m "task $n"
  git -C "$scratch/$n" push -q "$url" "bare/$n:refs/heads/bare/$n"
done
