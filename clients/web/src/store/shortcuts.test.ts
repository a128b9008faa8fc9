import { beforeEach, expect, test } from "vitest";
import { type KeyPress, Shortcuts } from "./shortcuts";

let now = 0;
let ran: string[] = [];
let stored = new Map<string, string>();

function make(): Shortcuts {
  return new Shortcuts(
    {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
    },
    () => now,
  );
}

function press(key: string, fields: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, ...fields };
}

function shortcut(keys: string, name = keys) {
  return { keys, label: name, run: () => void ran.push(name) };
}

beforeEach(() => {
  now = 0;
  ran = [];
  stored = new Map();
});

test("a key runs its shortcut, and says whether it was used", () => {
  const shortcuts = make();
  shortcuts.add([shortcut("x"), shortcut("?")]);
  expect(shortcuts.press(press("x"), false)).toBe(true);
  expect(shortcuts.press(press("y"), false)).toBe(false);
  expect(ran).toEqual(["x"]);
});

test("two keys one after the other are one shortcut, unless the second is late or another", () => {
  const shortcuts = make();
  shortcuts.add([shortcut("g s"), shortcut("s"), shortcut("g n")]);
  for (const key of ["g", "s"]) shortcuts.press(press(key), false);
  expect(ran).toEqual(["g s"]);
  shortcuts.press(press("g"), false);
  now += 1_600;
  shortcuts.press(press("s"), false);
  expect(ran).toEqual(["g s", "s"]);
  for (const key of ["g", "y", "n"]) shortcuts.press(press(key), false);
  expect(ran).toEqual(["g s", "s"]);
});

test("keys with a modifier, in a field, or used by others are left alone", () => {
  const shortcuts = make();
  shortcuts.add([shortcut("x")]);
  for (const fields of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
    expect(shortcuts.press(press("x", fields), false)).toBe(false);
  }
  expect(shortcuts.press(press("x", { defaultPrevented: true }), false)).toBe(false);
  expect(shortcuts.press(press("x"), true)).toBe(false);
  expect(ran).toEqual([]);
});

test("what was added last counts until it is removed", () => {
  const shortcuts = make();
  shortcuts.add([shortcut("x", "page")]);
  const remove = shortcuts.add([shortcut("x", "dialog")]);
  shortcuts.press(press("x"), false);
  remove();
  shortcuts.press(press("x"), false);
  expect(ran).toEqual(["dialog", "page"]);
  expect(shortcuts.all().map(({ label }) => label)).toEqual(["page"]);
});

test("shortcuts that are turned off stay off", () => {
  make().setOn(false);
  const shortcuts = make();
  shortcuts.add([shortcut("x")]);
  expect(shortcuts.isOn()).toBe(false);
  expect(shortcuts.press(press("x"), false)).toBe(false);
  shortcuts.setOn(true);
  expect(shortcuts.press(press("x"), false)).toBe(true);
});
