// A link on another site leads here without our cookie (SameSite=Strict). Whoever has a session is let in by asking
// once more, from here.
import { root } from "./common.js";

const response = await fetch(`${root}/api/me`).catch(() => null);
if (response?.ok && !document.getElementById("told")) {
  const here = location.pathname === `${root}/sign-in` ? `${root}/` : location.href;
  location.replace(here);
}
