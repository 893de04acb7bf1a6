import fc from "fast-check";
import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { escapeText, html, trusted } from "./html.ts";

test("values are escaped in text and in quoted attributes, markup of templates is not", () => {
  const name = `"><script>alert('1')</script>&`;
  expect(html`<b title="${name}">${name}</b>`.markup).toBe(
    '<b title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">' +
      "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</b>",
  );
});

test("nested templates and arrays are inserted as they are, and nothing stands for null, undefined and false", () => {
  const items = ["a<b", html`<i>${2}</i>`, trusted("<hr>")];
  expect(html`<p>${items}${null}${undefined}${false}${0}</p>`.markup).toBe("<p>a&lt;b<i>2</i><hr>0</p>");
});

test("characters that XML forbids are left out, other scripts and emoji stay", () => {
  expect(escapeText("a\u0000\u001b\ud800b\tü漢😀\n")).toBe("ab\tü漢😀\n");
});

test("any text read back from the page is the text that went in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const kept = [...text].filter((character) => character >= " " || "\t\n\r".includes(character)).join("");
      const { document } = parseHTML(html`<html><body><p title="${text}">${text}</p></body></html>`.markup);
      const paragraph = document.querySelector("p");
      expect(paragraph?.getAttribute("title")).toBe(kept);
      expect(paragraph?.textContent).toBe(kept);
      expect(document.querySelectorAll("*").length).toBe(3);
    }),
  );
});
