package software

import (
	"strings"

	"github.com/distribution/reference"
)

// Image is a parsed container image reference.
type Image struct {
	Reference string // as given, normalised: docker.io/library/wordpress:7.1.0
	Registry  string // docker.io, registry.k8s.io, europe-docker.pkg.dev
	// Repository is the path without registry; official images of Docker Hub lose their "library/".
	Repository string
	Tag        string
}

// ParseImage parses an image reference.
func ParseImage(name string) (Image, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return Image{}, err
	}
	named = reference.TagNameOnly(named)
	image := Image{
		Reference:  named.String(),
		Registry:   reference.Domain(named),
		Repository: strings.TrimPrefix(reference.Path(named), "library/"),
	}
	if tagged, ok := named.(reference.Tagged); ok {
		image.Tag = tagged.Tag()
	}
	return image, nil
}

// Google says whether the image is in one of Google's own registries, which need no route to the Internet.
func (i Image) Google() bool {
	return i.Registry == "gcr.io" || strings.HasSuffix(i.Registry, ".gcr.io") || strings.HasSuffix(i.Registry, ".pkg.dev")
}

// known is the model's knowledge of an image.
type known struct {
	entrypoint []string
	command    []string
	user       string // empty for root
	env        map[string]string
}

// images maps the last elements of a repository, wherever it is mirrored, to the image.
var images = map[string]known{
	"pingcap/pd":                  {entrypoint: []string{"/pd-server"}},
	"pingcap/tikv":                {entrypoint: []string{"/tikv-server"}},
	"pingcap/tidb":                {entrypoint: []string{"/tidb-server"}},
	"sig-storage/nfs-provisioner": {entrypoint: []string{"/nfs-provisioner"}},
	"wordpress":                   {entrypoint: []string{"docker-entrypoint.sh"}, command: []string{"apache2-foreground"}},
	"syncthing/syncthing":         {entrypoint: []string{"/bin/entrypoint.sh", "/bin/syncthing"}, env: map[string]string{"HOME": "/var/syncthing", "STHOMEDIR": "/var/syncthing/config", "STGUIADDRESS": "0.0.0.0:8384"}},
	"busybox":                     {command: []string{"sh"}},
	"alpine":                      {command: []string{"/bin/sh"}},
	"curlimages/curl":             {entrypoint: []string{"/entrypoint.sh"}, command: []string{"curl"}, user: "curl_user"},
	"curl/curl":                   {entrypoint: []string{"/entrypoint.sh"}, command: []string{"curl"}, user: "curl_user"},
	"mysql":                       {entrypoint: []string{"docker-entrypoint.sh"}, command: []string{"mysqld"}},
	"mariadb":                     {entrypoint: []string{"docker-entrypoint.sh"}, command: []string{"mariadbd"}},
	"pause":                       {entrypoint: []string{"/pause"}, user: "65535:65535"},
}

// about looks an image up.
func (i Image) about() (known, bool) {
	parts := strings.Split(i.Repository, "/")
	for n := min(2, len(parts)); n > 0; n-- {
		if k, ok := images[strings.Join(parts[len(parts)-n:], "/")]; ok {
			if i.Repository == "wordpress" || strings.HasSuffix(i.Repository, "/wordpress") {
				k = wordpressVariant(k, i.Tag)
			}
			return k, true
		}
	}
	return known{}, false
}

// wordpressVariant adapts the image to its variants, which differ by tag.
func wordpressVariant(k known, tag string) known {
	switch {
	case strings.HasPrefix(tag, "cli"):
		k.command, k.user = []string{"wp", "shell"}, "www-data"
	case strings.Contains(tag, "fpm"):
		k.command = []string{"php-fpm"}
	}
	return k
}

// User returns the user that the image's program runs as by default, "" for root. known is false for an unknown image.
func (i Image) User() (user string, known bool) {
	k, ok := i.about()
	return k.user, ok
}
