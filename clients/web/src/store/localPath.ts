/** Returns the path if it leads to a page of this dashboard, otherwise the list of sweeps. */
export function localPath(path: unknown): string {
  // `//host` and `/\host` lead to another machine.
  return typeof path === "string" && /^\/(?![/\\])[^\s]*$/.test(path) ? path : "/sweeps";
}
