/** Gives the user a file. */
export function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads the address after the click.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Saves the drawing in an element: all its canvases as one PNG, or else its SVG. */
export function downloadDrawing(place: HTMLElement, name: string, ground: string): void {
  const canvases = [...place.querySelectorAll("canvas")];
  const svg = place.querySelector("svg");
  // Beside canvases, an SVG is a symbol of a legend.
  if (canvases.length === 0 && svg !== null) {
    download(`${name}.svg`, new Blob([standAlone(svg)], { type: "image/svg+xml" }));
    return;
  }
  const ratio = window.devicePixelRatio || 1;
  const whole = place.getBoundingClientRect();
  const foot = Math.max(0, ...canvases.map((each) => each.getBoundingClientRect().bottom));
  const picture = document.createElement("canvas");
  picture.width = Math.round(whole.width * ratio);
  picture.height = Math.round((foot - whole.top) * ratio);
  const context = picture.getContext("2d");
  if (context === null || canvases.length === 0) return;
  context.fillStyle = ground;
  context.fillRect(0, 0, picture.width, picture.height);
  for (const canvas of canvases) {
    const { left, top } = canvas.getBoundingClientRect();
    context.drawImage(
      canvas,
      Math.round((left - whole.left) * ratio),
      Math.round((top - whole.top) * ratio),
    );
  }
  picture.toBlob((blob) => {
    if (blob !== null) download(`${name}.png`, blob);
  });
}

const PROPERTIES = ["fill", "stroke", "font-size", "font-family", "text-anchor"] as const;

/** Returns an SVG as a file, in which the colors of the page's style sheet are attributes. */
function standAlone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  for (const [index, original] of originals.entries()) {
    const style = getComputedStyle(original);
    for (const property of PROPERTIES) {
      copies[index]?.setAttribute(property, style.getPropertyValue(property));
    }
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(svg.clientWidth));
  copy.setAttribute("height", String(svg.clientHeight));
  return new XMLSerializer().serializeToString(copy);
}
