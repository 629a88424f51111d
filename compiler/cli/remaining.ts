/** Time that is left, told from how fast a stage went so far. */

/** Seconds after which a guess is worth printing. */
const firstGuess = 2;

/** A function that says ", 12 s left" for a stage, or nothing while it cannot know. */
export function remaining(): (stage: string, done: number, total: number) => string {
  let current = "";
  let started = 0;
  return (stage, done, total) => {
    const now = performance.now();
    if (stage !== current) {
      current = stage;
      started = now;
    }
    const seconds = (now - started) / 1000;
    if (seconds < firstGuess || done === 0 || done >= total) return "";
    const left = Math.ceil((seconds / done) * (total - done));
    return left < 60 ? `, ${left} s left` : `, ${Math.ceil(left / 60)} min left`;
  };
}
