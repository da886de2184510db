package wordpress

import (
	_ "embed"
	"strings"
	"text/template"

	"geo-wordpress/components/credentials"
	"geo-wordpress/components/internal/objectmeta"
	"geo-wordpress/components/internal/podspec"
	"geo-wordpress/components/loadbalancer"
	"geo-wordpress/components/tidb"
	"geo-wordpress/sizing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	//go:embed files/geo-tidb.php
	tidbPlugin string
	//go:embed files/geo-cron.php
	cronPlugin string
	//go:embed files/geo-options.php
	optionsPlugin string
	//go:embed files/geo-core.php
	corePlugin string
	//go:embed files/geo-mail.php
	mailPlugin string
	//go:embed files/geo-staging.php
	stagingPlugin string
	//go:embed files/lock.php
	lockFunction string
	//go:embed files/healthz.php
	healthPage string
	//go:embed files/leaderz.php
	leaderPage string
	//go:embed files/startz.php
	startPage string
	//go:embed files/health.conf.tmpl
	healthConf string
	//go:embed files/install.php
	installer string
	//go:embed files/php.ini.tmpl
	phpINI string
	//go:embed files/apache.conf.tmpl
	apacheConf string
	//go:embed files/start.sh
	startScript string
	//go:embed files/visitor.php
	visitorRequests string
	//go:embed files/visitor-db.php
	visitorDatabase string
	//go:embed files/visitor-cache.php
	visitorCache string
	//go:embed files/wp-cli.yml
	wpCLIConfig string
	//go:embed files/config-extra.php.tmpl
	configExtra string
)

// settings are the values in Apache's and PHP's settings. Package sizing derives the numbers from one another.
func (w *WordPress) settings() map[string]any {
	return map[string]any{
		"Processes":          sizing.WordPressProcesses,
		"UploadMiB":          sizing.UploadMiB,
		"PHPMemoryMiB":       sizing.PHPMemoryMiB,
		"OPcacheMiB":         sizing.OPcacheMiB,
		"HealthProcesses":    sizing.HealthProcesses,
		"HealthPHPMemoryMiB": sizing.HealthPHPMemoryMiB,
		"CDN":                w.args.Config.CDN,
		"XMLRPC":             w.args.Config.XMLRPC,
		"Site":               w.args.Config.Site != nil,
	}
}

// render executes a template.
func render(text string, values map[string]any) (string, error) {
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{"php": phpString}).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, values)
	return b.String(), err
}

// phpString is a text as a PHP literal.
func phpString(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// configuration declares the input of the image's entrypoint for wp-config.php, and the files outside the shared
// volume. Both objects are auto-named: a change creates a new one, whose new name rolls the pods.
func (w *WordPress) configuration(ctx *pulumi.Context) error {
	pageSeconds := 0
	if w.args.Config.CDN {
		pageSeconds = loadbalancer.PageSeconds
	}
	extra := pulumi.All(w.args.SiteURL, w.args.URLs).ApplyT(func(urls []any) (string, error) {
		return render(configExtra, map[string]any{
			"SiteURL":          urls[0],
			"URLs":             urls[1],
			"VisitorStaleness": w.args.Config.VisitorStaleness,
			"PageSeconds":      pageSeconds,
			"Mail":             w.args.Config.Mail,
			"Staging":          w.args.Config.Staging,
		})
	}).(pulumi.StringOutput)
	files := pulumi.StringMap{
		"geo-tidb.php":     pulumi.String(tidbPlugin),
		"geo-cron.php":     pulumi.String(cronPlugin),
		"geo-core.php":     pulumi.String(corePlugin),
		"geo-options.php":  pulumi.String(optionsPlugin),
		"geo-mail.php":     pulumi.String(mailPlugin),
		"lock.php":         pulumi.String(lockFunction),
		"visitor.php":      pulumi.String(visitorRequests),
		"visitor-db.php":   pulumi.String(visitorDatabase),
		"startz.php":       pulumi.String(startPage),
		"healthz.php":      pulumi.String(healthPage),
		"leaderz.php":      pulumi.String(leaderPage),
		"install.php":      pulumi.String(installer),
		"start.sh":         pulumi.String(startScript),
		"wp-cli.yml":       pulumi.String(wpCLIConfig),
		"config-extra.php": extra,
		"database-ca.crt":  w.args.Authority,
	}
	if w.args.Config.Staging {
		files["geo-staging.php"] = pulumi.String(stagingPlugin)
	}
	if w.args.Config.CDN {
		files["visitor-cache.php"] = pulumi.String(visitorCache)
	}
	for name, text := range map[string]string{"php.ini": phpINI, "apache.conf": apacheConf, "health.conf": healthConf,
		"metrics.php": metricsPage} {
		rendered, err := render(text, w.settings())
		if err != nil {
			return err
		}
		files[name] = pulumi.String(rendered)
	}

	metadata := &metav1.ObjectMetaArgs{Namespace: w.args.Namespace.Name, Annotations: objectmeta.Annotations()}
	var err error
	w.config, err = corev1.NewConfigMap(ctx, w.name+"-config", &corev1.ConfigMapArgs{
		Metadata: metadata,
		Data:     files,
	}, w.args.Cluster.Object(w))
	if err != nil {
		return err
	}
	data := pulumi.StringMap{
		"WORDPRESS_DB_PASSWORD": w.args.Credentials.DatabaseWordPress,
	}
	for _, salt := range credentials.Salts {
		data[salt] = w.args.Credentials.Salts[salt]
	}
	if w.args.Config.Site != nil {
		data["ADMIN_PASSWORD"] = w.args.Credentials.Admin
	}
	if mail := w.args.Config.Mail; mail != nil && mail.Password != "" {
		data[mailPassword] = pulumi.ToSecret(pulumi.String(mail.Password)).(pulumi.StringOutput)
	}
	w.secret, err = corev1.NewSecret(ctx, w.name+"-credentials", &corev1.SecretArgs{
		Metadata:   metadata,
		StringData: data,
	}, w.args.Cluster.Object(w))
	return err
}

// authorityPath is where the certificate of the database's authority is mounted. php.ini names it too.
const authorityPath = "/etc/geo-wordpress/database-ca.crt"

// mailPassword is the mail server's password, in the Secret and in the environment.
const mailPassword = "GEO_WORDPRESS_MAIL_PASSWORD"

// sender is the environment of the pods that send mail.
func (w *WordPress) sender() corev1.EnvVarArray {
	if mail := w.args.Config.Mail; mail == nil || mail.Password == "" {
		return nil
	}
	return corev1.EnvVarArray{podspec.EnvFromSecret(mailPassword, w.secret.Metadata.Name(), mailPassword)}
}

// database is the environment to read WordPress's tables, with the password by reference.
func (w *WordPress) database() corev1.EnvVarArray {
	return corev1.EnvVarArray{
		podspec.Env("WORDPRESS_DB_HOST", pulumi.String(tidb.Address(w.args.Config, w.args.Region))),
		podspec.Env("WORDPRESS_DB_NAME", pulumi.String(tidb.Database)),
		podspec.Env("WORDPRESS_DB_USER", pulumi.String(tidb.User)),
		podspec.EnvFromSecret("WORDPRESS_DB_PASSWORD", w.secret.Metadata.Name(), "WORDPRESS_DB_PASSWORD"),
		podspec.Env("WORDPRESS_DB_CA", pulumi.String(authorityPath)),
		podspec.Env("WORDPRESS_TABLE_PREFIX", pulumi.String("wp_")),
	}
}

// environment is what the image's entrypoint and wp-config.php read, with the secrets by reference.
func (w *WordPress) environment() corev1.EnvVarArray {
	env := append(w.database(),
		// The default is utf8mb4_unicode_520_ci, which TiDB does not have: no table would be created, and the installer
		// would report success.
		podspec.Env("WORDPRESS_DB_CHARSET", pulumi.String("utf8mb4")),
		podspec.Env("WORDPRESS_DB_COLLATE", pulumi.String("utf8mb4_general_ci")),
		&corev1.EnvVarArgs{
			Name: pulumi.String("WORDPRESS_CONFIG_EXTRA"),
			ValueFrom: &corev1.EnvVarSourceArgs{ConfigMapKeyRef: &corev1.ConfigMapKeySelectorArgs{
				Name: w.config.Metadata.Name(),
				Key:  pulumi.String("config-extra.php"),
			}},
		},
		// PHP's memory_limit does not cover ImageMagick's memory.
		podspec.Env("MAGICK_MEMORY_LIMIT", pulumi.Sprintf("%dMiB", sizing.ImageMemoryMiB)),
		podspec.Env("MAGICK_MAP_LIMIT", pulumi.Sprintf("%dMiB", sizing.ImageDiskMiB)),
		podspec.Env("MAGICK_DISK_LIMIT", pulumi.Sprintf("%dMiB", sizing.ImageDiskMiB)),
	)
	for _, salt := range credentials.Salts {
		env = append(env, podspec.EnvFromSecret(salt, w.secret.Metadata.Name(), salt))
	}
	return env
}
