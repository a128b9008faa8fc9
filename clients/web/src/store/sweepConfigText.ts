import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
  type ScalarTag,
  type Tags,
  visit,
} from "yaml";

/*
 * The YAML of a config: how it is read, and how parts of it are replaced so that all other parts,
 * comments among them, stay as they were written.
 */

/** The keys from the top of the config to a value. */
export type Path = readonly (string | number)[];

/** A config's nodes, and the text that they were read from. */
export interface ConfigNodes {
  readonly document: Document;
  readonly text: string;
}

const NUMBER_TAGS = new Set(["tag:yaml.org,2002:int", "tag:yaml.org,2002:float"]);

// A number is written as its author wrote it: 1.0e-5 does not become 0.00001.
function keepNumbers(tags: Tags): Tags {
  return tags.map((tag) => {
    if (typeof tag === "string" || !NUMBER_TAGS.has(tag.tag)) return tag;
    const plain = tag as ScalarTag;
    const exact: ScalarTag = {
      ...plain,
      stringify: (item, ...others) =>
        item.source ?? plain.stringify?.(item, ...others) ?? String(item.value),
    };
    return exact;
  });
}

// Integers stay exact beyond 2^53.
const READING = { intAsBigInt: true, version: "1.2", customTags: keepNumbers } as const;

let latest: ConfigNodes | undefined;

/** Returns the nodes of a config, for reading only; undefined if the text is no YAML object. */
export function readNodes(text: string): ConfigNodes | undefined {
  if (latest?.text !== text) {
    const document = parseObject(text);
    if (document === undefined) return undefined;
    latest = { document, text };
  }
  return latest;
}

function parseObject(text: string): Document | undefined {
  const document = parseDocument(text, READING);
  if (document.errors.length > 0) return undefined;
  return document.contents === null || isMap(document.contents) ? document : undefined;
}

/** Returns the text after an edit of its nodes; one that is no object is returned unchanged. */
export function change(text: string, edit: (document: Document) => void): string {
  const document = parseObject(text);
  if (document === undefined) return text;
  if (document.contents === null) document.contents = document.createNode({});
  edit(document);
  return document.toString(styleOf(text));
}

/** Returns the style of a text, so that an edit does not format what it does not concern. */
function styleOf(text: string) {
  const indent = /^( +)[^\s#-]/m.exec(text)?.[1]?.length ?? 2;
  return {
    lineWidth: 0,
    indent: Math.min(Math.max(indent, 1), 8),
    indentSeq: !/^( *)[^\s#-][^\n]*:[^\S\n]*\n\1- /m.test(text),
    flowCollectionPadding: /\{ \S/.test(text),
  };
}

/**
 * Returns the text with another value in place of one that is within a line; undefined if the value
 * is absent, or is written in a way that this can't replace.
 */
export function splice(text: string, path: Path, node: Node): string | undefined {
  const nodes = readNodes(text);
  if (nodes === undefined) return undefined;
  const before = plainAt(nodes.document, path);
  if (before === undefined || before.tag !== undefined || before.anchor) return undefined;
  const range = before.range;
  const isInline = isScalar(before) ? before.type?.startsWith("BLOCK") === false : before.flow;
  if (!isInline || !range || range[0] === range[1]) return undefined;
  const raw = text.slice(range[0], range[1]);
  if (raw.includes("\n")) return undefined;
  return text.slice(0, range[0]) + inline(node) + text.slice(range[1]);
}

/** Returns the scalar or list at a path; undefined if an alias is on the way. */
function plainAt(document: Document, path: Path) {
  let node: unknown = document.contents;
  for (const key of path) {
    if (!isMap(node) && !isSeq(node)) return undefined;
    node = node.get(key, true);
  }
  return isScalar(node) || isSeq(node) ? node : undefined;
}

/** Parses a value that a user typed: a plain word, a number, a list or an object in one line. */
export function valueNode(text: string): Node | undefined {
  const value = parseDocument(text, READING);
  const isWhole = value.errors.length === 0 && value.contents !== null;
  return isWhole ? (value.contents as Node) : undefined;
}

/** Returns an object or a list in one line. */
export function flow(document: Document, value: unknown): Node {
  return document.createNode(value, { flow: true });
}

/** Sets a value, and makes the objects on the way; an empty or missing one becomes an object. */
export function setNode(document: Document, path: Path, node: unknown): void {
  for (let length = 1; length < path.length; length += 1) {
    const around = path.slice(0, length);
    const present = nodeAt(document, around);
    if (!isMap(present) && !isSeq(present)) document.setIn(around, document.createNode({}));
  }
  const before = document.getIn(path, true);
  document.setIn(path, node);
  // A comment behind a value belongs to its line, not to the value.
  const isKept = isScalar(before) && isScalar(node) && before.comment;
  if (isKept) node.comment = before.comment;
}

/** Returns the node at a path, through aliases; undefined if there is none. */
export function nodeAt(document: Document, path: Path): Node | undefined {
  let node: unknown = document.contents;
  for (const key of path) {
    const around = resolved(document, node);
    if (!isMap(around) && !isSeq(around)) return undefined;
    node = around.get(key, true);
  }
  return resolved(document, node);
}

/** Returns a node, or the one that an alias repeats. */
export function resolved(document: Document, node: unknown): Node | undefined {
  const found = isAlias(node) ? node.resolve(document) : node;
  return isScalar(found) || isMap(found) || isSeq(found) ? found : undefined;
}

/** Whether the config has a value at a path. */
export function has(document: Document, path: Path): boolean {
  return nodeAt(document, path) !== undefined;
}

/** Returns a plain value without quotes; empty for null, for objects and for what is absent. */
export function plainText(node: Node | undefined): string {
  if (!isScalar(node) || node.value === null) return "";
  return typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
}

/** Returns a value as one line of YAML, so that the text "1" and the number 1 differ. */
export function written({ text }: ConfigNodes, node: Node | undefined): string {
  if (node === undefined) return "";
  const range = node.range;
  if (range && node.tag === undefined && !isMap(node)) {
    const raw = text.slice(range[0], range[1]);
    if (isSafe(node, raw)) return raw;
  }
  return inline(node.clone() as Node);
}

/** Returns the items of a list as one line of YAML, without brackets. */
export function listText(nodes: ConfigNodes, node: Node | undefined): string {
  const line = written(nodes, node);
  return line.startsWith("[") && line.endsWith("]") ? line.slice(1, -1).trim() : line;
}

/** Whether the text of a value means the same within a list in one line. */
function isSafe(node: Node, raw: string): boolean {
  if (/[\n#&*]/.test(raw)) return false;
  if (isSeq(node)) return node.flow === true;
  if (!isScalar(node)) return false;
  if (node.type === Scalar.PLAIN) return raw !== "" && !/[[\]{},]/.test(raw);
  return node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
}

/** Returns a node, which this changes, as one line. */
function inline(node: Node): string {
  const holder = parseDocument("[]", READING);
  visit(node, {
    Node(_, each) {
      if (isMap(each) || isSeq(each)) each.flow = true;
      if (isAlias(each)) return;
      each.comment = null;
      each.commentBefore = null;
      if (isScalar(each) && each.type?.startsWith("BLOCK")) each.type = Scalar.QUOTE_DOUBLE;
    },
  });
  // Within a list, a plain word is quoted where a comma or a bracket would end it.
  if (isSeq(holder.contents)) holder.contents.items = [node as never];
  return holder
    .toString({ lineWidth: 0, flowCollectionPadding: false })
    .trim()
    .slice(1, -1)
    .trim()
    .replace(/\n\s*/g, " ");
}

/** Returns a JSON text as YAML of the same values; any other text as it is. */
export function asYaml(text: string): string {
  if (!/^\s*\{/.test(text)) return text;
  return change(text, (document) => {
    visit(document, {
      Scalar(_, each) {
        if (typeof each.value === "string") delete each.type;
      },
      Map(key, each) {
        // The parts of a parameter stay in one line, as people write them.
        each.flow = each.items.length > 0 && each.items.every(isShort) && key === "value";
      },
      Seq(_, each) {
        each.flow = each.items.every((item) => isScalar(item));
      },
    });
  });
}

function isShort({ value }: { value: unknown }): boolean {
  if (isSeq(value)) return value.items.length < 12 && value.items.every((item) => isScalar(item));
  return isScalar(value);
}

/** Returns the items of a list without brackets, each as its text; undefined if it is no list. */
export function listItems(text: string): string[] | undefined {
  const line = `[${text}]`;
  const list = valueNode(line);
  if (!isSeq(list)) return undefined;
  const document = parseDocument("", READING);
  return list.items.map((item) => written({ document, text: line }, resolved(document, item)));
}
