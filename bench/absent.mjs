/** Why a contestant does not take part in a row, or at all: one sentence, reported as it stands. */
export class Absent extends Error {}

/** The first line of whatever was thrown, short enough for a table's footnote. */
export const reasonOf = (error) =>
  String(error?.message ?? error)
    .split('\n')[0]
    .slice(0, 200)
