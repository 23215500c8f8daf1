#!/bin/sh
echo rubbish
