import { Link } from "@tanstack/react-router";
import { whyNot } from "../store/permissions";
import { useCaller } from "./useCaller";

/** Leads to the page of keys, where there are keys that the user may manage. */
export function KeysLink() {
  const caller = useCaller();
  if (caller?.keysRequired !== true || whyNot(caller, "manage-keys") !== undefined) return null;
  return (
    <>
      {" "}
      <Link to="/keys">Keys</Link>
    </>
  );
}
