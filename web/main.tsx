import { render } from "preact";
import "./styles.css";

const page = document.getElementById("page");
if (page) render(<h1>pushpool</h1>, page);
