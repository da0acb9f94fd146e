import type { FullResult, Reporter, Suite } from '@playwright/test/reporter';

/** Ends the run on one line that scripts/test.sh counts, and fails it when a test was skipped. */
export default class Summary implements Reporter {
  private suite: Suite | undefined;

  onBegin(_config: unknown, suite: Suite): void {
    this.suite = suite;
  }

  async onEnd(result: FullResult): Promise<{ status: FullResult['status'] }> {
    const outcomes = (this.suite?.allTests() ?? []).map((test) => test.outcome());
    const count = (...wanted: string[]) => outcomes.filter((outcome) => wanted.includes(outcome)).length;
    const skipped = count('skipped');
    console.log(`playwright: ${count('expected')} passed, ${count('unexpected', 'flaky')} failed, ${skipped} skipped`);
    return { status: result.status === 'passed' && skipped > 0 ? 'failed' : result.status };
  }
}
