import { createContext, useContext } from "react";
import type { SearchSpace } from "../../../gen/wanllmdb/api/registry/v1/search_space_pb";

/** The settings as the fields of the page see them, by their keys. */
export interface SettingsForm {
  /** The present space; the same object until the sweep changes. */
  readonly space: SearchSpace | undefined;
  readonly text: (key: string) => string;
  /** The present text of the sweep. */
  readonly present: (key: string) => string;
  readonly set: (key: string, text: string) => void;
  readonly isEdited: (key: string) => boolean;
  /** Whether the user changes the space, as fields or as a text. */
  readonly isSpaceEdited: boolean;
  /** What is wrong with the text; undefined for nothing. */
  readonly problem: (key: string) => string | undefined;
  /** The text before the user and another one changed it; undefined without a conflict. */
  readonly conflict: (key: string) => string | undefined;
  readonly decide: (key: string, whose: "mine" | "theirs") => void;
  /** Why the user may not change anything; undefined if the user may. */
  readonly refusal: string | undefined;
}

export const SettingsFormContext = createContext<SettingsForm | undefined>(undefined);

/** Returns the form around a field. */
export function useSettingsForm(): SettingsForm {
  const form = useContext(SettingsFormContext);
  if (form === undefined) throw new Error("there is no SettingsFormContext around this component");
  return form;
}
