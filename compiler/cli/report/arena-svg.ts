/** A picture of the arena: steps from left to right, offsets from bottom to top, a box per slot with a tooltip. */
import { commentText as printable } from "../../codegen/c-comment.js";
import { escapeHtml } from "./escape-html.js";
import type { Report, SlotReport } from "./report.js";
import { byteLine, openSvg, px } from "./svg.js";
import { group } from "./text.js";

const plot = { left: 80, top: 10, height: 340, bottom: 30 } as const;
/** The plot is as wide as a page, and wider where steps would become too thin to point at. */
const minWidth = 800;
const minStepWidth = 8;
const ticks = 4;
const maxStepLabels = 20;

/** What a picture shows: the arena, or the part of it in one memory. */
export interface ArenaPicture {
  readonly bytes: number;
  readonly slots: readonly SlotReport[];
  readonly peakStep: number;
  readonly stepCount: number;
}

/** The arena as one picture, or each of its parts, by name. */
export function arenaPictures(report: Report): readonly (readonly [region: string, ArenaPicture])[] {
  const { slots, steps, regions } = report;
  const stepCount = steps.length;
  if (regions.length === 0) return [["", { bytes: report.arena_bytes, slots, peakStep: report.peak.step, stepCount }]];
  return regions.map(({ name, used, peak }) => [
    name,
    { bytes: used, slots: slots.filter((slot) => slot.region === name), peakStep: peak.step, stepCount },
  ]);
}

export function arenaSvg(picture: ArenaPicture): string {
  const { stepCount } = picture;
  // A column for the time before the first step and one for the time after the last.
  const columns = stepCount + 2;
  const width = Math.max(minWidth, columns * minStepWidth);
  const scale: Scale = {
    x: (step) => plot.left + ((step + 1) * width) / columns,
    y: (offset) => plot.top + plot.height * (1 - offset / Math.max(1, picture.bytes)),
  };
  const total = { width: plot.left + width + 10, height: plot.top + plot.height + plot.bottom };
  return [
    openSvg(total, "Arena: slots over steps"),
    ...peakColumn(picture, scale),
    ...offsetAxis(picture.bytes, scale, plot.left + width),
    ...picture.slots.map((slot) => slotBox(slot, scale, stepCount)),
    ...stepAxis(stepCount, scale),
    "</svg>",
  ].join("\n");
}

interface Scale {
  x(step: number): number;
  y(offset: number): number;
}

function peakColumn({ slots, peakStep: step }: ArenaPicture, { x }: Scale): readonly string[] {
  if (slots.length === 0) return [];
  return [
    `<rect class="peak" x="${px(x(step))}" y="${plot.top}" width="${px(x(step + 1) - x(step))}" height="${plot.height}"><title>peak: step ${step}</title></rect>`,
  ];
}

function offsetAxis(bytes: number, { y }: Scale, right: number): readonly string[] {
  return Array.from({ length: ticks + 1 }, (_, tick) => {
    const offset = Math.round((bytes * tick) / ticks);
    return byteLine(offset, y(offset), plot.left, right);
  });
}

function stepAxis(stepCount: number, { x }: Scale): readonly string[] {
  const every = Math.max(1, Math.ceil(stepCount / maxStepLabels));
  const at = plot.top + plot.height + 18;
  return Array.from({ length: stepCount }, (_, step) => step)
    .filter((step) => step % every === 0)
    .map((step) => `<text x="${px((x(step) + x(step + 1)) / 2)}" y="${at}" text-anchor="middle">${step}</text>`);
}

function slotBox(slot: SlotReport, { x, y }: Scale, stepCount: number): string {
  const left = x(slot.first_step);
  const top = y(slot.offset + slot.bytes);
  const first = slot.first_step < 0 ? "before" : `step ${slot.first_step}`;
  const last = slot.last_step >= stepCount ? "after" : `step ${slot.last_step}`;
  const counts = slot.rows.map(({ tensor, at_once }) => `${at_once} of ${printable(tensor, 60)}`).join(", ");
  const rows = counts === "" ? "" : `, rows at once: ${counts}`;
  const over = slot.over === null ? "" : `, grows over ${printable(slot.over, 80)}`;
  const title = `${printable(slot.what, 200)}: ${group(slot.bytes)} bytes at ${group(slot.offset)}, ${first} to ${last}${rows}${over}`;
  const box = `x="${px(left)}" y="${px(top)}" width="${px(x(slot.last_step + 1) - left)}" height="${px(y(slot.offset) - top)}"`;
  return `<rect class="${slot.kind}" ${box}><title>${escapeHtml(title)}</title></rect>`;
}
