// What makes and checks the pages in docs/.
module geo-wordpress/tools/docs

go 1.24.0

require (
	github.com/yuin/goldmark v1.7.13
	gopkg.in/yaml.v3 v3.0.1
)
