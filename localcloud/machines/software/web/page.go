package web

import (
	"html/template"
	"strings"

	"geo-wordpress/localcloud/machines/software"
)

var documentTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{{.Title}} (simulated)</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 42em; margin: 10vh auto; padding: 0 1em; color: #1f2933 }
  table { border-collapse: collapse }
  th { text-align: left; font-weight: 600; padding: .2em 1.5em .2em 0 }
  .simulated { background: #fff4de; border: 1px solid #b7791f; border-radius: 6px; padding: .6em 1em }
</style>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<table>
<tr><th>region<td>{{.Place.Region}}
<tr><th>node<td>{{.Place.Node}}
<tr><th>pod<td>{{.Place.Namespace}}/{{.Place.Pod}}
<tr><th>image<td>{{.Image}}
</table>
<p class="simulated">This pod is simulated: the local cloud runs a model of its software, and no image.</p>
</html>
`))

// document returns an HTML page that names the simulated pod.
func document(p *software.Process, title, text string) string {
	var page strings.Builder
	_ = documentTemplate.Execute(&page, map[string]any{ // a builder never fails
		"Title": title, "Text": text, "Place": p.Place, "Image": p.Image.Reference,
	})
	return page.String()
}
