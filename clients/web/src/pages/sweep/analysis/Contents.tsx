import { Link } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";

export interface ChartGroup {
  readonly title: string;
  readonly charts: readonly { readonly id: string; readonly title: string }[];
}

/** Leads to each chart of the page, and marks the one on the screen. */
export function Contents({ groups }: { groups: readonly ChartGroup[] }) {
  const current = useCurrentChart(groups);
  const stayAt = useStayAt();
  useEffect(() => {
    // The charts are not there yet when the router looks for the address's chart.
    const id = decodeURIComponent(location.hash.slice(1));
    if (id !== "") stayAt(id);
  }, [stayAt]);
  const nav = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the current chart's link moves
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>(".is-current");
    // Where the contents are one line, it shows the current chart.
    if (link && nav.current) nav.current.scrollLeft = link.offsetLeft - 40;
  }, [current]);
  return (
    <nav className="contents" aria-label="Charts" ref={nav}>
      {groups.map(({ title, charts }) => (
        <div key={title} className="contents-group">
          <span className="contents-title" id={`contents-${title}`}>
            {title}
          </span>
          <ul aria-labelledby={`contents-${title}`}>
            {charts.map((chart) => (
              <li key={chart.id}>
                <Link
                  to="."
                  search={(search: Record<string, unknown>) => search}
                  hash={chart.id}
                  replace
                  className={chart.id === current ? "is-current" : ""}
                  onClick={() => {
                    document.getElementById(chart.id)?.focus({ preventScroll: true });
                    stayAt(chart.id);
                  }}
                >
                  {chart.title}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

const INPUTS = ["wheel", "touchmove", "keydown", "pointerdown"] as const;

/**
 * Returns a function that brings a chart to the screen, and keeps it there while the charts above
 * it load and grow, until the reader scrolls or types.
 */
function useStayAt(): (id: string) => void {
  const target = useRef<string>(undefined);
  useEffect(() => {
    const leave = () => {
      target.current = undefined;
    };
    const observer = new ResizeObserver(() => {
      if (target.current !== undefined) document.getElementById(target.current)?.scrollIntoView();
    });
    observer.observe(document.body);
    for (const input of INPUTS) window.addEventListener(input, leave, { passive: true });
    return () => {
      observer.disconnect();
      for (const input of INPUTS) window.removeEventListener(input, leave);
    };
  }, []);
  return useCallback((id: string) => {
    target.current = id;
    document.getElementById(id)?.scrollIntoView();
  }, []);
}

/** Returns the id of the highest chart in the upper part of the screen. */
function useCurrentChart(groups: readonly ChartGroup[]): string | undefined {
  const [current, setCurrent] = useState<string>();
  useEffect(() => {
    const ids = groups.flatMap(({ charts }) => charts.map(({ id }) => id));
    const visible = new Set<string>();
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting) visible.add(target.id);
          else visible.delete(target.id);
        }
        setCurrent(ids.find((id) => visible.has(id)));
      },
      { rootMargin: "-80px 0px -55% 0px" },
    );
    for (const id of ids) {
      const place = document.getElementById(id);
      if (place !== null) observer.observe(place);
    }
    return () => observer.disconnect();
  }, [groups]);
  return current;
}
