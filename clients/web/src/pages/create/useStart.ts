import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Template } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient, useServices } from "../../rpc/context";
import type { ParameterKind } from "../../store/parameterText";
import { BLANK } from "../../store/sweepConfig";
import { asYaml } from "../../store/sweepConfigText";
import { needsValues } from "../../store/templateValues";
import type { Start } from "./StartPanel";
import type { CreateSearch } from "./search";
import { belongsTo } from "./useConfigText";

type Values = Record<string, { kind: ParameterKind }>;

interface Options {
  readonly search: CreateSearch;
  readonly origin: string;
  readonly isDirty: boolean;
  readonly begin: (origin: string, text: string) => void;
}

/** Returns what an address says to start from. */
export function wantedOf({ from, template }: CreateSearch): string {
  if (from !== undefined) return `sweep ${from}`;
  return template === undefined ? "blank" : `template ${template}`;
}

/**
 * Starts the config over: from what the address says when it changes, and from what the user
 * chooses. Work that would be lost is asked about first.
 */
export function useStart({ search, origin, isDirty, begin }: Options) {
  const { registry } = useServices();
  const templates = useClient(TemplateService);
  const navigate = useNavigate();
  const [template, setTemplate] = useState<Template>();
  const [asked, setAsked] = useState<{ go: () => void; stay?: () => void }>();
  const load = useMutation({
    mutationFn: async (wanted: string) => {
      const [kind, name = ""] = splitOnce(wanted);
      if (kind === "sweep") {
        const { text } = await registry.exportSweep({ sweepId: name });
        return { wanted, text };
      }
      const answer = await templates.getTemplate({ name });
      if (answer.template !== undefined && needsValues(answer.template)) {
        return { wanted, template: answer.template };
      }
      const { text } = await templates.renderTemplate({ template: { template: name } });
      return { wanted, text, template: answer.template };
    },
    onSuccess: (loaded) => {
      setTemplate(loaded.template);
      if (loaded.text !== undefined) begin(loaded.wanted, loaded.text);
    },
  });
  const render = useMutation({
    mutationFn: (values: Values) =>
      templates.renderTemplate({ template: { template: template?.name ?? "", values } }),
    onSuccess: ({ text }) => begin(`template ${template?.name}`, text),
  });
  const replace = (go: () => void, stay?: () => void) => {
    if (isDirty) setAsked(stay === undefined ? { go } : { go, stay });
    else go();
  };
  const startBlank = (from: string, text: string) => {
    setTemplate(undefined);
    begin(from, text);
    void navigate({ to: "/sweeps/new", search: {}, replace: true });
  };
  const wanted = wantedOf(search);
  const latest = useRef({ origin, replace, load, wanted });
  latest.current = { origin, replace, load, wanted };
  const begun = useRef("");
  useEffect(() => {
    const now = latest.current;
    // An effect may run twice for the same address.
    if (begun.current === wanted || belongsTo(now.origin, wanted)) {
      begun.current = wanted;
      return;
    }
    const before = begun.current;
    begun.current = wanted;
    now.replace(
      () => {
        if (wanted === "blank") {
          setTemplate(undefined);
          begin("blank", BLANK);
        } else now.load.mutate(wanted);
      },
      () => {
        begun.current = before;
        void navigate({ to: "/sweeps/new", search: searchOf(before), replace: true });
      },
    );
  }, [wanted, begin, navigate]);
  const start = (chosen: Start) => {
    if (chosen.kind === "blank") replace(() => startBlank("blank", BLANK));
    else if (chosen.kind === "file") {
      const { file } = chosen;
      replace(async () => startBlank("file", asYaml(await file.text())));
    } else {
      const next = `${chosen.kind} ${chosen.name}`;
      replace(() => {
        begun.current = next;
        load.mutate(next);
        void navigate({ to: "/sweeps/new", search: searchOf(next), replace: true });
      });
    }
  };
  return {
    template,
    isBusy: load.isPending || render.isPending,
    error: load.error ?? render.error,
    asked,
    answer: (isConfirmed: boolean) => {
      setAsked(undefined);
      if (isConfirmed) asked?.go();
      else asked?.stay?.();
    },
    start,
    restart: () =>
      replace(() => (wanted === "blank" ? startBlank("blank", BLANK) : load.mutate(wanted))),
    replace,
    useValues: (values: Values) => replace(() => render.mutate(values)),
  };
}

function searchOf(wanted: string): CreateSearch {
  const [kind, name = ""] = splitOnce(wanted);
  if (kind === "sweep") return { from: name };
  return kind === "template" ? { template: name } : {};
}

function splitOnce(wanted: string): [string, string | undefined] {
  const index = wanted.indexOf(" ");
  return index < 0 ? [wanted, undefined] : [wanted.slice(0, index), wanted.slice(index + 1)];
}
