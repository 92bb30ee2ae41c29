// Every page's script: htmx, and the few things that HTML and CSS cannot do alone. Without it all forms still work.
import htmx from "htmx.org";

import { watchBasket } from "./basket";
import { watchDialogs } from "./dialogs";
import { watchForms } from "./forms";
import { watchKeys } from "./keys";
import { watchConnection } from "./connection";
import { watchScanner } from "./scanner";
import { watchTheme } from "./theme";

htmx.config.includeIndicatorCSS = false;
// A page is shown as the server has it, never as it was.
htmx.config.history = "reload";

watchTheme();
watchConnection();
watchKeys();
watchScanner();
watchForms();
watchBasket();
watchDialogs();
