// The service, as the page asks it.

export class Problem extends Error {
  constructor(status, detail, retryAfter = 0) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Ask, and give the response, or throw the service's own sentence as a Problem. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "the service cannot be reached; check that it still runs", 3);
  }
  if (response.ok) return response;
  const retryAfter = Number(response.headers.get("Retry-After"));
  const problem = await response.json().catch(() => ({}));
  throw new Problem(response.status, problem.detail ?? `the service answered ${response.status}`, retryAfter);
}

/** As ask, but come again when the service has too much to do. */
export async function askPatiently(path, options) {
  for (;;) {
    try {
      return await ask(path, options);
    } catch (error) {
      if (error.status !== 429 && error.status !== 503) throw error;
      await pause(1000 * Math.min(Math.max(error.retryAfter, 1), 10), options.signal);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

/** Tell every state of a job as it comes, and resolve with the last one. */
export function follow(id, signal, tell) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`api/jobs/${id}/events`);
    signal.addEventListener("abort", () => {
      source.close();
      reject(new DOMException("stopped", "AbortError"));
    });
    source.addEventListener("state", (event) => {
      const state = JSON.parse(event.data);
      tell(state);
      if (["done", "failed", "cancelled"].includes(state.state)) {
        source.close();
        resolve(state);
      }
    });
    source.addEventListener("error", () => {
      // It connects again by itself, unless the service has forgotten the job.
      if (source.readyState === EventSource.CLOSED) {
        reject(new Problem(404, "the service has lost the picture; restore it again"));
      }
    });
  });
}

/** Have the service forget a job; also while the page is being left. */
export function forget(id) {
  fetch(`api/jobs/${id}`, { method: "DELETE", keepalive: true }).catch(() => {});
}
