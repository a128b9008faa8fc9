"""The registry's gRPC services: conversion between protobuf messages and the domain."""
