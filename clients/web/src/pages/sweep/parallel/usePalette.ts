import { useMemo } from "react";
import { DARK, LIGHT, type Palette } from "../../../plots/densityPalette";
import { useColors } from "../../../ui/useColors";

/** Returns the raster's colors, which follow the page's. */
export function usePalette(): Palette {
  const colors = useColors();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the palette follows the colors
  return useMemo(() => {
    const { colorScheme } = getComputedStyle(document.documentElement);
    const isDark =
      colorScheme === "dark" ||
      (colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    return isDark ? DARK : LIGHT;
  }, [colors]);
}
