// The description of the API, from openapi.json; no script or style of anybody else's.

const make = (tag, content, className) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...[content].flat());
  return element;
};

/** Text with `code` in it. */
function prose(text, tag = "p") {
  const parts = text.split("`").map((part, index) => (index % 2 ? make("code", part) : part));
  return make(tag, parts);
}

function paragraphs(text) {
  return text.split("\n\n").map((part) =>
    part.startsWith("    ") ? focusable(make("pre", part.trim())) : prose(part.replaceAll("\n", " ")),
  );
}

/** What may be wider than the page can be scrolled by keyboard. */
function focusable(element) {
  element.tabIndex = 0;
  return element;
}

function example(method, path, operation) {
  const words = ["curl"];
  if (method !== "get") words.push(operation.requestBody ? "--data-binary @photo.jpg" : `-X ${method.toUpperCase()}`);
  words.push(new URL(`.${path}`, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}"));
  if (operation.responses["200"]?.content?.["image/png"]) words.push("-o restored.png");
  return focusable(make("pre", words.join(" ")));
}

function list(entries) {
  return make("dl", entries.flatMap(([name, text]) => [make("dt", name), prose(text, "dd")]));
}

function article(method, path, operation) {
  const parts = [make("h3", [make("span", method.toUpperCase(), "method"), path])];
  parts.push(...paragraphs(operation.description ?? ""));
  const options = (operation.parameters ?? []).filter((option) => option.in === "query");
  if (options.length) parts.push(list(options.map(({ name, description = "" }) => [name, description])));
  parts.push(example(method, path, operation));
  return make("article", parts);
}

const schema = await (await fetch("openapi.json")).json();
const operations = Object.entries(schema.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);
const reference = document.getElementById("reference");
reference.replaceChildren(...paragraphs(schema.info.description));
for (const { name, description } of schema.tags) {
  reference.append(make("h2", name), prose(description));
  for (const { method, path, operation } of operations) {
    if (operation.tags?.includes(name)) reference.append(article(method, path, operation));
  }
}
const problems = Object.entries(operations[0].operation.responses).filter(([, { content }]) =>
  content?.["application/problem+json"]?.example,
);
reference.append(make("h2", "problems"), prose("What is not done is told in one sentence, as `application/problem+json`."));
reference.append(list(problems.map(([status, { description, content }]) => [
  status,
  `${description} “${content["application/problem+json"].example.detail}”`,
])));
