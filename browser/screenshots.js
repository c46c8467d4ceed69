// Pictures of the pages for the documents: node screenshots.js DIRECTORY
import { clusters, launch } from "./harness.js";

const pictures = [
  { name: "models", path: "/?sort=-cpu", width: 1200, height: 900 },
  { name: "models-dark", path: "/?sort=-cpu", width: 1200, height: 900, colorScheme: "dark" },
  { name: "model", path: "/model/seldon/InferenceService/sentiment", width: 1200, height: 1000 },
  { name: "doctor", path: "/doctor", width: 1200, height: 1000 },
  { name: "phone", path: "/?sort=-cpu", width: 390, height: 844 },
];

const directory = process.argv[2];
const browser = await launch();
for (const { name, path, width, height, colorScheme = "light" } of pictures) {
  const page = await browser.newPage({ baseURL: clusters.town, viewport: { width, height }, colorScheme });
  await page.goto(path);
  await page.screenshot({ path: `${directory}/${name}.png` });
  await page.close();
}
await browser.close();
