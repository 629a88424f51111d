/** Exit codes of the command line. */
export const exitCodes = {
  /** Done; for verify: no byte differs. */
  ok: 0,
  /** The model or an option's value is at fault, or verify found a difference. */
  failed: 1,
  /** The command line could not be understood. */
  usage: 2,
  /** A bug in lwc. */
  bug: 3,
} as const;

export const exitCodeHelp = `
Exit codes:
  0  done; verify: no byte differs
  1  the model or an option is at fault, a tool is missing, or verify found a difference
  2  the command line could not be understood
  3  a bug in lwc
`;
