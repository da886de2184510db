package conformance_test

import (
	"fmt"
	"regexp"

	"geo-wordpress/tools/conformance/declared"

	corev1 "k8s.io/api/core/v1"
)

// inRegion replaces a pattern in a region's config.xml. It panics if the pattern is not there.
func inRegion(region *declared.Region, pattern, replacement string) {
	found := false
	for _, secret := range region.Secrets {
		if text, ok := secret.Data["config.xml"]; ok && regexp.MustCompile(pattern).Match(text) {
			secret.Data["config.xml"] = regexp.MustCompile(pattern).ReplaceAll(text, []byte(replacement))
			found = true
		}
	}
	if !found {
		panic(fmt.Sprintf("%s is not in the config.xml of %s", pattern, region.Name))
	}
}

// inConfigs is inRegion in every region.
func inConfigs(pattern, replacement string) func(*declared.Stack) {
	return func(stack *declared.Stack) {
		for _, region := range stack.Regions {
			inRegion(region, pattern, replacement)
		}
	}
}

// indexElsewhere puts Syncthing's index on a volume that ends with the pod.
func indexElsewhere(pod *declared.Pod) {
	pod.Spec().Volumes = append(pod.Spec().Volumes, corev1.Volume{
		Name:         "index",
		VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
	})
	mounts := pod.Container("syncthing").VolumeMounts
	for i := range mounts {
		if mounts[i].SubPath == "syncthing" {
			mounts[i].Name, mounts[i].SubPath = "index", ""
		}
	}
}
