// Texts, p["name"], and names, which dots divide into groups; a name before a bracket is a function.
const PARTS =
  /p\[\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?!\w|\s*\()/g;
const DOTTED = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/;

/**
 * Returns a constraint in which another name stands for a parameter, or for a group around those
 * that it names.
 *
 * @param expression The constraint.
 * @param before The full name that the parameter or the group had: `optimizer/lr`.
 * @param after The full name that it has.
 */
export function renameInConstraint(expression: string, before: string, after: string): string {
  const old = dotted(before);
  return expression.replace(PARTS, (part: string, double?: string, single?: string) => {
    const quoted = double ?? single;
    const isText = quoted === undefined && /^["']/.test(part);
    if (isText) return part;
    const name = dotted(quoted ?? part);
    if (name !== old && !name.startsWith(`${old}.`)) return part;
    const renamed = dotted(after) + name.slice(old.length);
    if (quoted === undefined && DOTTED.test(renamed)) return renamed;
    return `p["${quoted?.includes("/") ? renamed.replaceAll(".", "/") : renamed}"]`;
  });
}

function dotted(name: string): string {
  return name.replaceAll("/", ".");
}
