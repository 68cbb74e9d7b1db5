import { render } from "preact";
import { App } from "./App";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/runs.css";
import "./styles/run.css";
import "./styles/logs.css";
import "./styles/form.css";

const page = document.getElementById("page");
if (page) render(<App />, page);
