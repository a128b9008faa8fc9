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

/** Saves the drawing in an element: as SVG if it is one, or else the canvas as PNG. */
export function downloadDrawing(place: HTMLElement, name: string, ground: string): void {
  const svg = place.querySelector("svg");
  if (svg !== null) {
    download(`${name}.svg`, new Blob([standAlone(svg)], { type: "image/svg+xml" }));
    return;
  }
  const canvas = place.querySelector("canvas");
  if (canvas === null) return;
  const picture = document.createElement("canvas");
  picture.width = canvas.width;
  picture.height = canvas.height;
  const context = picture.getContext("2d");
  if (context === null) return;
  context.fillStyle = ground;
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(canvas, 0, 0);
  picture.toBlob((blob) => {
    if (blob !== null) download(`${name}.png`, blob);
  });
}

const PROPERTIES = ["fill", "stroke", "font-size", "font-family", "text-anchor"] as const;

/** Returns an SVG as a file, in which the colours of the page's style sheet are attributes. */
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
