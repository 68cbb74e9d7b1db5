// For components/, which may import only src/manifest and src/template from src/.
export { suggestion } from "../nearest";
