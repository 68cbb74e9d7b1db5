import { type Container, type ContainerOptions, ProcessContainer, SimulatedContainer } from "./container";

/** What happens in a fake cloud between two calls: its timers and its containers. */
export class Background {
  readonly #simulated: boolean;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #containers = new Set<Container>();

  /** @param simulated whether containers run no command */
  constructor(simulated: boolean) {
    this.#simulated = simulated;
  }

  later(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, milliseconds);
    this.#timers.add(timer);
  }

  start(options: ContainerOptions): Container {
    const container = this.#simulated ? new SimulatedContainer() : new ProcessContainer(options);
    this.#containers.add(container);
    container.ended.finally(() => this.#containers.delete(container));
    return container;
  }

  /** Kill everything that runs, and cancel the timers. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const container of this.#containers) container.kill();
  }
}
