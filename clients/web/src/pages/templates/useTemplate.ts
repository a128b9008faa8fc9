import { useQuery } from "@tanstack/react-query";
import { TemplateService } from "../../gen/wanllmdb/api/registry/v1/template_service_pb";
import { useClient } from "../../rpc/context";

/** Returns the key of a template in the cache. */
export function templateKey(name: string): readonly unknown[] {
  return ["template", name];
}

/** Reads a template. */
export function useTemplate(name: string | undefined) {
  const templates = useClient(TemplateService);
  return useQuery({
    queryKey: templateKey(name ?? ""),
    queryFn: async ({ signal }) => {
      const { template } = await templates.getTemplate({ name: name ?? "" }, { signal });
      if (template === undefined) throw new Error("the answer of GetTemplate has no template");
      return template;
    },
    enabled: name !== undefined,
  });
}
