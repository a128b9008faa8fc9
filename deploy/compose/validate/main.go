// Command validate loads a Compose file as Docker Compose does, and checks it against the
// specification's schema. It prints the names of the services or, with -json, the whole project with
// every variable and anchor replaced.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	asJSON := flag.Bool("json", false, "print the whole project")
	flag.Parse()
	if err := run(flag.Args(), *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(files []string, asJSON bool) error {
	options, err := cli.NewProjectOptions(files,
		cli.WithOsEnv, cli.WithProfiles([]string{"*"}), cli.WithResolvedPaths(true))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(project)
	}
	fmt.Println(project.ServiceNames())
	return nil
}
