package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// maxSettingsFile bounds every file that settings are read from.
const maxSettingsFile = 1 << 20

// setting is one field of Config as the outside sees it.
type setting struct {
	env, key, flag, help, shown string
	secret                      bool
	field                       int
}

// settings lists the fields of Config that are settings, in order.
func settings() []setting {
	t := reflect.TypeFor[Config]()
	var out []setting
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		env := tag.Get("env")
		if env == "" {
			continue
		}
		shown, ok := tag.Lookup("shown")
		if !ok {
			shown = tag.Get("default")
		}
		_, secret := tag.Lookup("secret")
		out = append(out, setting{
			env: env, key: strings.ToLower(strings.TrimPrefix(env, "SOTTO_")), flag: tag.Get("name"), help: tag.Get("help"), shown: shown, secret: secret, field: i,
		})
	}
	return out
}

// SettingsTable is the table of settings in Markdown, made from Config. The README holds it; a test compares the two.
func SettingsTable() string {
	var b strings.Builder
	b.WriteString("| setting | meaning | default |\n|---|---|---|\n")
	for _, s := range settings() {
		name := "`" + s.env + "`"
		if s.secret {
			name += ", `" + s.env + "_FILE`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, s.help, s.shown)
	}
	return b.String()
}

// Sources is where settings come from beside flags: the environment first, then files named by SOTTO_…_FILE, then sotto.yaml.
// It is a kong.Resolver.
type Sources struct {
	environ map[string]string
	file    map[string]any
}

// ReadSources reads the environment (as os.Environ gives it) and the YAML file at path; an empty path is sotto.yaml, which need not
// exist. A SOTTO_ name or a key that is no setting, and a setting said twice, are ErrSettings, all listed at once.
func ReadSources(environ []string, path string) (*Sources, error) {
	s := &Sources{environ: map[string]string{}}
	var faults []string
	known := settings()
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "SOTTO_") {
			continue
		}
		i := slices.IndexFunc(known, func(k setting) bool { return k.env == name || k.secret && k.env+"_FILE" == name })
		if i < 0 {
			faults = append(faults, name+" is no setting")
			continue
		}
		if value != "" { // an empty variable says nothing
			s.environ[name] = value
		}
	}
	for _, k := range known {
		file, ok := s.environ[k.env+"_FILE"]
		if !ok || !k.secret {
			continue
		}
		if _, both := s.environ[k.env]; both {
			faults = append(faults, k.env+" and "+k.env+"_FILE: say one of them")
			continue
		}
		content, err := readBounded(file)
		if err != nil {
			faults = append(faults, fmt.Sprintf("%s_FILE: %v", k.env, err))
			continue
		}
		s.environ[k.env] = strings.TrimRight(string(content), "\r\n")
	}
	if err := s.readFile(path, known); err != nil {
		faults = append(faults, err.Error())
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrSettings, strings.Join(faults, "; "))
	}
	return s, nil
}

func (s *Sources) readFile(path string, known []setting) error {
	named := path != ""
	if !named {
		path = "sotto.yaml"
	}
	content, err := readBounded(path)
	if errors.Is(err, os.ErrNotExist) && !named {
		return nil
	}
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		return fmt.Errorf("%s is no YAML of settings: %s", path, oneLine(err))
	}
	var unknown []string
	for key, value := range values {
		if !slices.ContainsFunc(known, func(k setting) bool { return k.key == key }) {
			unknown = append(unknown, fmt.Sprintf("%s: %q is no setting", path, key))
			continue
		}
		if _, nested := value.(map[string]any); nested || value == nil {
			unknown = append(unknown, fmt.Sprintf("%s: %q needs a plain value", path, key))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return errors.New(strings.Join(unknown, "; "))
	}
	s.file = values
	return nil
}

// Validate has nothing left to do: ReadSources has looked at every name.
func (s *Sources) Validate(*kong.Application) error { return nil }

// Resolve gives the value of a flag that stands for a setting and was not given on the command line.
func (s *Sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, k := range settings() {
		if k.flag != flag.Name || !slices.Contains(flag.Envs, k.env) {
			continue
		}
		if value, ok := s.environ[k.env]; ok {
			return value, nil
		}
		switch value := s.file[k.key].(type) {
		case nil:
			return nil, nil //nolint:nilnil // how kong is told "not said here"
		case []any:
			parts := make([]string, len(value))
			for i, part := range value {
				parts[i] = fmt.Sprint(part)
			}
			return strings.Join(parts, ","), nil
		case bool:
			return value, nil
		default:
			return fmt.Sprint(value), nil
		}
	}
	return nil, nil //nolint:nilnil // how kong is told "not said here"
}

// Lines are the effective settings as "SOTTO_NAME=value", secrets masked, in the order of Config.
func (c *Config) Lines() []string {
	value := reflect.ValueOf(c).Elem()
	var out []string
	for _, s := range settings() {
		text := ""
		switch v := value.Field(s.field).Interface().(type) {
		case []string:
			text = strings.Join(v, ",")
		default:
			text = fmt.Sprint(v)
		}
		if s.secret {
			text = mask(text)
		}
		out = append(out, s.env+"="+text)
	}
	return out
}

// mask hides what is secret in a setting: the password and the query of a URL. A path to a file is no secret.
func mask(text string) string {
	if strings.HasPrefix(text, "sqlite:") || text == "" {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "[secret]"
	}
	return u.Scheme + "://[secret]@" + u.Host + u.Path
}

// readYAMLList decodes a YAML file whose top level is a list. Unknown keys and repeated keys are refused.
func readYAMLList[T any](path string) ([]T, error) {
	content, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	var list []T
	if err := decoder.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %s", path, oneLine(err))
	}
	var more any
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: one YAML document, please", path)
	}
	return list, nil
}

// readBounded reads a whole file of at most maxSettingsFile bytes. Its error names the file and the reason, on one line.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names this file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSettingsFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(content) > maxSettingsFile {
		return nil, fmt.Errorf("%s is longer than 1 MiB", path)
	}
	return content, nil
}

var quoted = regexp.MustCompile("`[^`]*`")

// oneLine puts an error of several lines, as the YAML decoder gives, on one, without the values it quotes: one may be a secret.
func oneLine(err error) string {
	return quoted.ReplaceAllString(strings.Join(strings.Fields(err.Error()), " "), "a value")
}
