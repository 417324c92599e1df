package tests

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
)

// floorChild is the least that a refresh can be: Echo, the form, one prepared read of the grant by the hash of its token in the database of the house
// at SOTTO_TEST_STATE, one signature by the same library with the same algorithm, and the response. It checks nothing, limits nothing, counts nothing
// and logs nothing.
func floorChild(ctx context.Context) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(os.Getenv("SOTTO_TEST_STATE"), "sotto.db")+"?_pragma=query_only(1)&_pragma=mmap_size(1073741824)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxIdleConns(4)
	db.SetMaxOpenConns(4)
	grant, err := db.PrepareContext(ctx, `SELECT g.id, l.subject FROM grants g JOIN links l ON l.id = g.link_id WHERE g.refresh = $1`) //nolint:sqlclosecheck // it is closed, below
	if err != nil {
		return err
	}
	defer grant.Close()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/oauth/token", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		hash := sha256.Sum256([]byte(form.Get("refresh_token")))
		var id, subject string
		if err := grant.QueryRowContext(context.Background(), hash[:]).Scan(&id, &subject); err != nil {
			return err
		}
		claims, err := json.Marshal(map[string]any{"sub": subject, "gid": id, "exp": time.Now().Add(time.Hour).Unix()})
		if err != nil {
			return err
		}
		signed := string(claims)
		signature, err := jwt.SigningMethodES256.Sign(signed, key)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"access_token": signed + fmt.Sprintf("%x", signature), "token_type": "Bearer", "expires_in": 3600})
	})
	l, err := listenChild(ctx)
	if err != nil {
		return err
	}
	return serveChild(ctx, l, e)
}
