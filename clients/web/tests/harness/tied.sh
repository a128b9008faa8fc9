#!/bin/sh
# Runs a command, and stops it when the standard input ends: a program that holds the other end of
# the pipe leaves nothing running, however it ends itself. The first argument is a folder that is
# removed in the end, or empty.
folder=$1
shift
"$@" </dev/null &
command=$!
(
  cat >/dev/null
  kill -TERM "$command" 2>/dev/null
) <&3 &
watch=$!
wait "$command"
status=$?
kill "$watch" 2>/dev/null
[ -z "$folder" ] || rm -rf "$folder"
exit "$status"
