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

// Defaults are what an image declares for its containers.
type Defaults struct {
	Entrypoint []string
	Command    []string
	Env        map[string]string
	Programs   []string // files of the image that scripts use
}

// images maps the last elements of a repository, wherever it is mirrored, to the image. All of them run as root.
var images = map[string]Defaults{
	"pingcap/pd":                  {Entrypoint: []string{"/pd-server"}},
	"pingcap/tikv":                {Entrypoint: []string{"/tikv-server"}},
	"pingcap/tidb":                {Entrypoint: []string{"/tidb-server"}},
	"sig-storage/nfs-provisioner": {Entrypoint: []string{"/nfs-provisioner"}},
	"wordpress":                   {Entrypoint: []string{"docker-entrypoint.sh"}, Command: []string{"apache2-foreground"}},
	"syncthing/syncthing":         {Entrypoint: []string{"/bin/entrypoint.sh", "/bin/syncthing"}, Env: map[string]string{"HOME": "/var/syncthing", "STHOMEDIR": "/var/syncthing/config", "STGUIADDRESS": "0.0.0.0:8384"}},
	"rclone/rclone":               {Entrypoint: []string{"rclone"}, Programs: []string{"/usr/local/bin/rclone"}},
	"pingcap/dumpling":            {Programs: []string{"/dumpling"}},
	"pingcap/tidb-lightning":      {Programs: []string{"/tidb-lightning"}},
	// It has BusyBox too. The image's user is curl_user, so a pod that needs another must say so.
	"curlimages/curl": {Entrypoint: []string{"/entrypoint.sh"}, Command: []string{"curl"}},
	"busybox":         {Command: []string{"sh"}},
}

// Defaults returns the image's declarations; known is false for an image without a model.
func (i Image) Defaults() (d Defaults, known bool) {
	parts := strings.Split(i.Repository, "/")
	for n := min(2, len(parts)); n > 0; n-- {
		if d, known = images[strings.Join(parts[len(parts)-n:], "/")]; known {
			break
		}
	}
	return d, known
}
