// Calls to the service: JSON in and out, the CSRF token with each, a problem's own words when it is refused.

export class Problem extends Error {
  constructor(status, problem) {
    super(problem.detail || "暂时无法连接，请检查网络后重试。");
    this.status = status;
    this.code = problem.code;
  }
}

export async function call(method, address, body) {
  const response = await fetch(address, {
    method,
    credentials: "same-origin",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "",
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response.status === 204 ? null : response.json();
}
