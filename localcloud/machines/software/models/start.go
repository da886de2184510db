package models

import (
	"maps"
	"path"
	"slices"
	"time"

	"geo-wordpress/localcloud/machines/software"
	"geo-wordpress/localcloud/machines/software/database"
	"geo-wordpress/localcloud/machines/software/nfs"
	"geo-wordpress/localcloud/machines/software/shell"
	"geo-wordpress/localcloud/machines/software/syncthing"
	"geo-wordpress/localcloud/machines/software/web"
)

// Start starts a container's program. It never fails: a program that cannot run exits, as in a real container.
func Start(p *software.Process, now time.Time) software.Program {
	image, known := p.Image.Defaults()
	env := map[string]string{}
	maps.Copy(env, image.Env)
	maps.Copy(env, p.Env)
	p.Env = env
	for _, name := range image.Programs {
		p.Files.Install(name)
	}
	argv := p.Command
	if len(argv) == 0 {
		argv = image.Entrypoint
		if len(p.Args) == 0 {
			argv = slices.Concat(argv, image.Command)
		}
	}
	argv = shell.Unwrap(slices.Concat(argv, p.Args))
	if program := server(p, argv, now); program != nil {
		return program
	}
	if !known && !(len(p.Command) > 0 && shell.Runs(argv)) {
		p.Log("has no model for the image %s: assumes that it listens on the ports it declares", p.Image.Reference)
		return newUnknown(p)
	}
	return shell.Start(p, argv, server)
}

// server starts the model of a server program, or returns nil if the command line does not start one.
func server(p *software.Process, argv []string, now time.Time) software.Program {
	if len(argv) == 0 {
		return nil
	}
	args := argv[1:]
	switch path.Base(argv[0]) {
	case "pd-server":
		return database.NewPD(p, args)
	case "tikv-server":
		return database.NewTiKV(p, args)
	case "tidb-server":
		return database.NewTiDB(p, args, now)
	case "nfs-provisioner":
		return nfs.New(p, args)
	case "syncthing":
		return syncthing.New(p, args)
	case "rclone":
		if web.ServesFiles(args) {
			return web.NewRclone(p, args, now)
		}
	case "apache2-foreground":
		if file := software.ParseFlags(args).Last("", "f"); file != "" {
			return web.NewApache(p, file, now)
		}
		return web.NewWordPress(p, now)
	}
	return nil
}
