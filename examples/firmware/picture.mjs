/** Writes a sample of the digits example as picture.h: `node picture.mjs 5-1.png > picture.h`. */
import { readFileSync } from "node:fs";
import { PNG } from "pngjs";

const name = process.argv[2] ?? "5-1.png";
const samples = new URL("../digits/samples/", import.meta.url);
const label = JSON.parse(readFileSync(new URL("labels.json", samples), "utf8"))[name];
const { width, height, data } = PNG.sync.read(readFileSync(new URL(name, samples)));
const rows = Array.from({ length: height }, (_, y) =>
  Array.from({ length: width }, (_, x) => data[4 * (y * width + x)]).join(","),
);
process.stdout.write(`/* picture.h - examples/digits/samples/${name} as grey values, made by picture.mjs. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdint.h>

#define PICTURE_LABEL ${label}

/* [${height}][${width}], 0 black to 255 white */
static const uint8_t picture[${width * height}] = {
${rows.map((row) => `    ${row},`).join("\n")}
};

#endif
`);
