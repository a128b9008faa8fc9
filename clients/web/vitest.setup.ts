import fc from "fast-check";

// The same examples for the same commit, so that a change is judged by what it changed.
fc.configureGlobal({ seed: 1 });
