// Builds the stylesheet and scripts into build/assets with a hash of their content in the name, and a manifest.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import * as sass from "sass";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const out = join(root, "build/assets");
const fresh = join(root, `build/assets.${process.pid}`);
const manifest = {};

async function keep(name, contents) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
  const hashed = name.replace(/\.(\w+)$/, `.${hash}.$1`);
  manifest[name] = hashed;
  await mkdir(dirname(join(fresh, hashed)), { recursive: true });
  await writeFile(join(fresh, hashed), contents);
}

// Entry points: the files directly in static/js here and in each service; what they share lies in static/js/parts.
async function entries() {
  const folders = [join(here, "static/js")];
  for (const service of await readdir(join(root, "services"), { withFileTypes: true })) {
    folders.push(join(root, "services", service.name, "static/js"));
  }
  const found = {};
  for (const folder of folders.filter(existsSync)) {
    for (const file of await readdir(folder, { withFileTypes: true })) {
      if (!file.isFile() || !file.name.endsWith(".js")) continue;
      const name = file.name.slice(0, -3);
      if (found[name]) throw new Error(`two scripts are called ${file.name}: ${found[name]} and ${folder}`);
      found[name] = join(folder, file.name);
    }
  }
  return found;
}

async function main() {
  const began = Date.now();
  await rm(fresh, { recursive: true, force: true });
  const css = sass.compile(join(here, "static/scss/site.scss"), {
    loadPaths: [join(root, "node_modules")],
    quietDeps: true,
    style: "compressed",
  });
  await keep("css/site.css", css.css);
  await keep("mark.svg", await readFile(join(here, "static/mark.svg")));
  const scripts = await esbuild.build({
    entryPoints: await entries(),
    nodePaths: [join(root, "node_modules")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2020",
    legalComments: "none",
    charset: "utf8",
    outdir: "js",
    write: false,
  });
  for (const file of scripts.outputFiles) await keep(`js/${file.path.split("/").pop()}`, file.contents);
  await writeFile(join(fresh, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
  for (const [name, hashed] of Object.entries(manifest)) console.log(`${name} -> build/assets/${hashed}`);
  console.log(`built in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

await main();
