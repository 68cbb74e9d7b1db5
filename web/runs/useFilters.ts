import { navigate, place } from "../navigation";
import { type Filters, filtersOf, searchOf } from "./filters";

/** The filters in the address, and how to change them. The browser's back button leads to the list, not through every letter typed. */
export function useFilters(): [Filters, (filters: Filters) => void] {
  return [filtersOf(place.value.search), (filters) => navigate(`/${searchOf(filters)}`, true)];
}
