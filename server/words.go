package server

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"

	"sotto/skills/speech"
)

// words are what the pages say in one language: texts by key, with {names} for what is filled in.
type words struct {
	tag   language.Tag
	texts map[string]string
}

// say gives the text of a key, with the values of its names filled in: name, value, name, value … A key that is not there is an error, so
// that a page without words is never sent. What is filled in is plain text; the template escapes it.
func (w *words) say(key string, pairs ...string) (string, error) {
	text, ok := w.texts[key]
	if !ok || len(pairs)%2 != 0 {
		return "", fmt.Errorf("words %s: no %q", w.tag, key)
	}
	if len(pairs) == 0 {
		return text, nil
	}
	filled := make([]string, len(pairs))
	for i := 0; i < len(pairs); i += 2 {
		filled[i], filled[i+1] = "{"+pairs[i]+"}", pairs[i+1]
	}
	return strings.NewReplacer(filled...).Replace(text), nil
}

// languages are those in which the pages speak.
type languages struct {
	spoken  []*words // the first is spoken where none of those asked for is
	matcher language.Matcher
}

// spoken are the languages of the pages, which are part of the program as their templates are.
var spoken = func() *languages {
	l, err := readLanguages(pageFiles, language.AmericanEnglish)
	if err != nil {
		panic(err)
	}
	return l
}()

// readLanguages reads words/TAG.yaml of files; home is spoken where nothing else fits. Another country's file of home's language holds only what is said
// otherwise there.
func readLanguages(files fs.FS, home language.Tag) (*languages, error) {
	names, err := fs.Glob(files, "pages/words/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read the words of the pages: %w", err)
	}
	l := &languages{}
	for _, name := range names {
		w := &words{}
		content, err := fs.ReadFile(files, name)
		if err == nil {
			w.tag, err = language.Parse(strings.TrimSuffix(path.Base(name), ".yaml"))
		}
		if err == nil {
			err = yaml.Unmarshal(content, &w.texts)
		}
		if err != nil {
			return nil, fmt.Errorf("read the words of the pages: %s: %w", name, err)
		}
		if w.tag == home {
			l.spoken = slices.Insert(l.spoken, 0, w)
		} else {
			l.spoken = append(l.spoken, w)
		}
	}
	tags := make([]language.Tag, len(l.spoken))
	for i, w := range l.spoken {
		tags[i] = w.tag
	}
	if len(tags) == 0 || tags[0] != home {
		return nil, fmt.Errorf("read the words of the pages: no %s", home)
	}
	for _, w := range l.spoken[1:] {
		speech.Inherit(w.tag, w.texts, home, l.spoken[0].texts)
	}
	l.matcher = language.NewMatcher(tags)
	return l, nil
}

// maxWish bounds what is read of a wish for languages; nobody reads more than a handful.
const maxWish = 200

// match gives the words for the first wish that fits: ui_locales (OpenID Connect Core section 3.1.2.1: tags with spaces between them), or a
// header as Accept-Language writes it.
func (l *languages) match(wishes ...string) *words {
	for _, wish := range wishes {
		if len(wish) > maxWish {
			wish = wish[:maxWish]
			wish = wish[:strings.LastIndexAny(wish, " ,")+1]
		}
		for _, one := range strings.Fields(strings.ReplaceAll(wish, ", ", ",")) {
			asked, _, err := language.ParseAcceptLanguage(strings.Trim(one, ","))
			if err != nil || len(asked) == 0 {
				continue
			}
			if _, i, sure := l.matcher.Match(asked...); sure != language.No {
				return l.spoken[i]
			}
		}
	}
	return l.spoken[0]
}

// languageCookie keeps the language of a linking from its first page to its last.
func (s *Server) languageCookie() string { return s.browserCookie() + "-lang" }

// words are those for the one who asks: in the language that the assistant asked for, else that of the linking under way, else that which
// the browser asks for.
func (s *Server) words(c echo.Context) *words {
	wishes := []string{c.QueryParam("ui_locales"), "", c.Request().Header.Get("Accept-Language")}
	if cookie, err := c.Cookie(s.languageCookie()); err == nil && c.Path() != frontPath {
		wishes[1] = cookie.Value
	}
	return spoken.match(wishes...)
}

// keepWords chooses the language of a linking whose assistant asked for locales, and keeps it in the browser until the linking is over.
func (s *Server) keepWords(c echo.Context, locales string) *words {
	w := spoken.match(locales, c.Request().Header.Get("Accept-Language"))
	c.SetCookie(&http.Cookie{ //nolint:gosec // not Secure only where the public URL is http, which only --dev allows, on loopback
		Name: s.languageCookie(), Value: w.tag.String(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(s.cfg.PublicURL, "https:"), MaxAge: int(browserLife.Seconds()),
	})
	return w
}
