/** Colours of what is no line. */
export const ink = { text: "#212529", faint: "#6c757d", grid: "#dee2e6" } as const;

/** A text at a place; what it says cannot become markup. */
export function text({
  x,
  y,
  content,
  anchor = "start",
  fill = ink.text,
  size = 12,
  bold = false,
}: {
  readonly x: number;
  readonly y: number;
  readonly content: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly fill?: string;
  readonly size?: number;
  readonly bold?: boolean;
}): string {
  const weight = bold ? ' font-weight="bold"' : "";
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}"${weight}>${escape(content)}</text>`;
}

/** To a tenth: nobody sees more. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
