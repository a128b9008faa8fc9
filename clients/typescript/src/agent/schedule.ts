/**
 * Counts the finite values of the sweep's metric as the service does, one for each step, and tells
 * when early termination is to be asked.
 */
export class CheckSchedule {
  readonly #metric: string | undefined;
  #next: number | undefined;
  #count: number;
  #lastStep: number;
  #hasOdd = false;

  /**
   * @param metric the sweep's metric; undefined if it has none or several.
   * @param next the number of values at which the first check is due; undefined for never.
   * @param count the number of values that this attempt has reported before.
   * @param lastStep the step of the last one; -1 if there is none.
   */
  constructor(metric: string | undefined, next: number | undefined, count = 0, lastStep = -1) {
    this.#metric = metric;
    this.#next = next;
    this.#count = count;
    this.#lastStep = lastStep;
  }

  /** Counts logged values. */
  observe(step: number, values: Readonly<Record<string, number>>): void {
    const value = this.#metric === undefined ? undefined : values[this.#metric];
    if (value === undefined) return;
    if (!Number.isFinite(value)) {
      // Some rules stop such a run at once.
      this.#hasOdd = true;
    } else if (step > this.#lastStep) {
      this.#count += 1;
      this.#lastStep = step;
    }
  }

  /** Whether a check is due now. */
  get isDue(): boolean {
    return this.#next !== undefined && (this.#hasOdd || this.#count >= this.#next);
  }

  /** Makes the next check due at this number of values; undefined for never. */
  postpone(next: number | undefined): void {
    this.#hasOdd = false;
    this.#next = next === undefined ? undefined : Math.max(next, this.#count + 1);
  }
}
