/** Returns a line of a shell that creates a sweep with this config, whatever the config contains. */
export function commandOf(config: string): string {
  const lines = config.replace(/\n$/, "").split("\n");
  let mark = "EOF";
  while (lines.includes(mark)) mark += "_";
  // With the mark in quotation marks, the shell expands nothing.
  return `wanllmdb sweep create - <<'${mark}'\n${lines.join("\n")}\n${mark}\n`;
}

/** Returns the name of a file for a sweep's config. */
export function fileName(name: string, sweepId: string, extension: string): string {
  const words = name
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 80);
  return `${words === "" ? sweepId : words}.${extension}`;
}
