/** What the pictures of a report have in common. */
import { group } from "./text.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function openSvg({ width, height }: Size, label: string): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">`;
}

/** A line across the plot at a number of bytes, which stands in front of it. */
export function byteLine(bytes: number, y: number, left: number, right: number): string {
  const at = px(y);
  return `<line class="grid" x1="${left}" x2="${px(right)}" y1="${at}" y2="${at}"/><text x="${left - 6}" y="${at}" text-anchor="end" dy="4">${group(bytes)}</text>`;
}

export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
