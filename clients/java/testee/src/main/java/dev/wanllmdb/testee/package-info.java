/** Carries out what clients/conformance asks for; its README.md describes the commands. */
package dev.wanllmdb.testee;
